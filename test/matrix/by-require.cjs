const armCompute = require("@azure/arm-compute");
const azureRemedy = require("azure-remedy");
const emulator = require("azure-remedy/emulator");
const { tellStory } = require("./story.mjs");

void tellStory({ azureRemedy, emulator, armCompute });
