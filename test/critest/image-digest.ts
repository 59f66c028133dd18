// Prints the digest that a reference has in the test registry: node test/critest/image-digest.ts REFERENCE
import { storedImages } from "../images/store.ts";

const wanted = process.argv[2];
const found = (await storedImages("base")).find(({ reference }) => reference === wanted);
if (!found) throw new Error(`the test registry has no ${wanted}`);
console.log(found.digest);
