// Serves the test images until it is told to stop: node test/registry/serve.ts [FOLDER]
// With a folder it writes registries.conf and certs.d there. The first line it prints is the address.
import { ensureImages, storeFolder } from "../images/store.ts";
import { writeHostsToml, writeRegistriesConf } from "./mirrors.ts";
import { Registry } from "./registry.ts";

await ensureImages("base");
const registry = await Registry.start({ storage: storeFolder() });
const folder = process.argv[2];
if (folder) {
  await writeRegistriesConf(folder, registry.address);
  await writeHostsToml(folder, registry.address);
}
console.log(registry.address);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await registry.stop();
    process.exit(0);
  });
}
