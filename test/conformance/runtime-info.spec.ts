import assert from "node:assert/strict";
import { spec } from "./spec.ts";

spec("Runtime info: runtime should return version info", async (cri) => {
  const version = await cri.runtime.Version({ version: "0.1.0" });
  for (const [field, value] of Object.entries(version)) assert.notEqual(value, "", field);
});

spec("Runtime info: runtime should return runtime conditions", async (cri) => {
  const { status } = await cri.runtime.Status();
  for (const type of ["RuntimeReady", "NetworkReady"]) {
    const condition = status?.conditions.find((candidate) => candidate.type === type);
    assert.equal(condition?.status, true, `${type}: ${condition?.reason} ${condition?.message}`);
  }
});
