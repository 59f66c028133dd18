/** Values that may be a trap: texts, numbers and lengths at the edges of what a program expects. */
import type { Random } from "../support/random.ts";

/** Texts that attack a path, a file of lines, a terminal, a parser, a format or a prototype. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  ".",
  "..",
  "/",
  "//",
  "../../../../../../nonexistent/critter-fuzz",
  "/proc/self/fd/0",
  "a/../../b",
  "a\0b",
  "\0",
  "a\nb",
  "a\r\nHost: b",
  "\nnameserver 192.0.2.1",
  "\tx",
  "-rf",
  "--help",
  "a;b=c",
  "K8S_POD_NAME=x;y",
  "$(id)",
  "`id`",
  "%s%n%x",
  "{{.}}",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "true",
  "NaN",
  "-1",
  "1e999",
  "0x7fffffffffffffff",
  "\u001b]0;title\u0007\u001b[31mred",
  "\u009b31m",
  "\u202egnp.exe",
  "\u2028",
  "\ufeffbom",
  "\ud83d\ude00",
  "e\u0301",
  "İ",
  "sha256:",
  `sha256:${"0".repeat(63)}`,
  `sha256:${"0".repeat(64)}`,
  "f".repeat(64),
  "a:b:c",
  "a@b",
  "http://a/b",
  "docker.io/library/a:",
  "0-4294967295",
  "0-",
  "1,2,3,,",
  "192.0.2.1",
  "::1",
  "fe80::1%eth0",
  "10.0.0.0/33",
  '{"a":',
  "a".repeat(64),
  "a".repeat(256),
  "a".repeat(4096),
  "/a".repeat(4096),
  "../".repeat(2000),
  `${"a".repeat(30)}!`,
  "a-".repeat(3000),
  ".a".repeat(3000),
  "0,".repeat(3000),
];

/** Bytes that are not UTF-8: an overlong slash, half a character, a surrogate, a byte that never occurs. */
const notUtf8: readonly Buffer[] = ["c0af", "e282", "eda080", "ff", "61fe62", "f4908080"].map((hex) =>
  Buffer.from(hex, "hex"),
);

const numbers: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  3n,
  7n,
  77n,
  100n,
  1000n,
  65_535n,
  65_536n,
  100_000n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 63n,
];

export function hostileNumber(random: Random): bigint {
  if (random.chance(0.8)) return random.pick(numbers);
  return random.bytes(8).readBigUInt64LE();
}

/** Bytes of a text, in a few cases of none; rarely up to a mebibyte. */
export function hostileBytes(random: Random): Buffer {
  if (random.chance(0.01))
    return Buffer.alloc(random.below(2 ** 20), random.pick(["a", "/", "\n", "\0", "é", "-a"]));
  if (random.chance(0.05)) return random.pick(notUtf8);
  if (random.chance(0.1)) return random.bytes(random.below(40));
  return Buffer.from(random.pick(hostileTexts));
}
