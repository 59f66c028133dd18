/** All areas, in the order of the table. */
import type { Area } from "./feature.ts";
import { features as restarts } from "./features/restarts.ts";

export const areas: readonly Area[] = [{ name: "restarts", features: restarts }];
