const armCompute = require("@azure/arm-compute");
const { RestError } = require("@azure/core-rest-pipeline");
const azureRemedy = require("azure-remedy");
const emulator = require("azure-remedy/emulator");
const { playStory } = require("./story.cjs");

test("the story in Jest", () => playStory({ azureRemedy, emulator, armCompute, RestError }), 60_000);
