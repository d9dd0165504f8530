/** `azure-remedy/capacity`: other sizes, zones and priorities when a region has no room for the requested one. */
export { fallback, type CapacityFallbackOptions } from "./fallback.js";
export { listSizes, type ListedSize, type ListedSizes, type ListSizesOptions } from "./list-sizes.js";
export type { ReadSend } from "./region-reader.js";
export { similar, type SimilarOptions, type SimilarSizes } from "./similar.js";
export { CapacityMemory, type CapacityStore, type Offer, type Refusal } from "../capacity-memory.js";
export {
  redisCapacityStore,
  type RedisCapacityClient,
  type RedisCapacityStoreOptions,
} from "./redis-capacity-store.js";
