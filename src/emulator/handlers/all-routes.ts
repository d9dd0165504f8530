/** All routes of the emulator. Anything else gets a 501 that says so. */
import { reservationRoutes } from "./reservations.js";
import { scaleSetRoutes } from "./scale-sets.js";
import { runCommandRoutes } from "./run-commands.js";
import type { Route } from "../router.js";
import { activityLogRoutes } from "./activity-log.js";
import { authorizationRoutes } from "./authorization.js";
import { bootDiagnosticsRoutes } from "./boot-diagnostics.js";
import { computeResourceRoutes } from "./compute-resources.js";
import { deploymentRoutes } from "./deployments.js";
import { extensionRoutes } from "./extensions.js";
import { groupRoutes } from "./groups.js";
import { healthRoutes } from "./health.js";
import { inspectorRoutes } from "./inspector.js";
import { actionRoutes } from "./machine-actions.js";
import { machineRoutes } from "./machines.js";
import { networkRoutes } from "./network.js";
import { offerRoutes } from "./offers.js";
import { operationRoutes } from "./operation-polls.js";
import { platformImageRoutes } from "./platform-images.js";
import { providerRoutes } from "./providers.js";

export const allRoutes: readonly Route[] = [
  ...groupRoutes,
  ...providerRoutes,
  ...deploymentRoutes,
  ...machineRoutes,
  ...actionRoutes,
  ...extensionRoutes,
  ...runCommandRoutes,
  ...scaleSetRoutes,
  ...reservationRoutes,
  ...platformImageRoutes,
  ...bootDiagnosticsRoutes,
  ...computeResourceRoutes,
  ...networkRoutes,
  ...offerRoutes,
  ...inspectorRoutes,
  ...authorizationRoutes,
  ...healthRoutes,
  ...activityLogRoutes,
  ...operationRoutes,
];
