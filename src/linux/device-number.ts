/** The number of a device file, stat(2)'s `st_rdev`. */

/** Its two parts, as makedev(3) of glibc packs them: each in two pieces. */
export function deviceNumber(rdev: number): { major: number; minor: number } {
  const device = BigInt(rdev);
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
