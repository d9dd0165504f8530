/** All sources that are cheap and without delay, in the order in which they look. */
import type { DefinedEvidence } from "./source.js";
import { bootLog } from "./sources/boot-log.js";
import { deploymentOperations } from "./sources/deployment-operations.js";
import { health } from "./sources/health.js";
import { instanceView } from "./sources/instance-view.js";
import { locks } from "./sources/locks.js";
import { marketplaceTerms } from "./sources/marketplace-terms.js";
import { permissions } from "./sources/permissions.js";
import { policy } from "./sources/policy.js";
import { reservations } from "./sources/reservations.js";
import { runCommands } from "./sources/run-commands.js";
import { skus } from "./sources/skus.js";
import { usages } from "./sources/usages.js";

/**
 * The sources for `evidence`: all but `activityLog`, which is minutes late, and `vmInspector`, which takes minutes and writes
 * a report into a storage account. Make the list once and share it: the sources remember what changes slowly.
 */
export function standardEvidence(): readonly DefinedEvidence[] {
  return [
    deploymentOperations(),
    instanceView(),
    bootLog(),
    usages(),
    skus(),
    reservations(),
    locks(),
    permissions(),
    policy(),
    marketplaceTerms(),
    runCommands(),
    health(),
  ];
}
