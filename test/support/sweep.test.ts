import { rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { sweep } from "./sweep.ts";

describe("sweep", () => {
  for (const folder of ["", "/", "/tmp", "/tmp/", "critter-x", "/tmp/critter-", "/tmp/critter-/x"])
    it(`refuses "${folder}", which no test made`, () => rejects(sweep(folder), /no test made the folder/));
});
