import * as armCompute from "@azure/arm-compute";
import * as azureRemedy from "azure-remedy";
import * as emulator from "azure-remedy/emulator";
import { tellStory } from "./story.mjs";

await tellStory({ azureRemedy, emulator, armCompute });
