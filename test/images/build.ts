// Builds the test images into the cache: node test/images/build.ts [--sized]
import { ensureImages } from "./store.ts";

const set = process.argv.includes("--sized") ? "sized" : "base";
const began = performance.now();
if (await ensureImages(set)) {
  console.log(`test images (${set}): built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
