import * as armCompute from "@azure/arm-compute";
import { RestError } from "@azure/core-rest-pipeline";
import * as azureRemedy from "azure-remedy";
import * as emulator from "azure-remedy/emulator";
import { playStory } from "./story.cjs";

await playStory({ azureRemedy, emulator, armCompute, RestError });
