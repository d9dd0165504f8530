import { withRemedy } from "azure-remedy";
import { runFleet } from "azure-remedy/fleet";
import { connect } from "./connect.js";

const { virtualMachines } = withRemedy(connect());

const run = runFleet(virtualMachines.listAll(), ({ name = "" }) => virtualMachines.start("rg", name));
for await (const { item, status } of run) console.log(status, item.name);
