import { describeSize, measureCore } from "./core-size.js";

console.log(describeSize(await measureCore()));
