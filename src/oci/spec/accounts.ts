/** /etc/passwd and /etc/group of a root file system (passwd(5), group(5)). */
import { readFileInRoot } from "./secure-path.ts";

/** The highest id that Kubernetes and runc know; the kernel would have twice as many. */
export const maximumId = 2 ** 31 - 1;

const maximumFileBytes = 4 * 1024 * 1024;

export interface Account {
  /** Undefined for an id that /etc/passwd does not list. */
  name?: string;
  uid: number;
  gid: number;
}

/** The two files of one root, each read when first asked for; absent ones are empty. */
export class Accounts {
  readonly #rootfs: string;
  #passwd: string[][] | undefined;
  #group: string[][] | undefined;

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
  }

  /**
   * By name or id; the empty name is root. An id need not be listed: its group is 0 then. A name must, or
   * undefined is returned.
   */
  user(name: string): Account | undefined {
    const uid = name === "" ? 0 : asId(name);
    this.#passwd ??= this.#read("/etc/passwd");
    for (const [user, , listed, gid] of this.#passwd) {
      const id = asId(listed);
      if (id === undefined || (uid === undefined ? user !== name : id !== uid)) continue;
      return { name: user, uid: id, gid: asId(gid) ?? 0 };
    }
    return uid === undefined ? undefined : { uid, gid: 0 };
  }

  /** The group's id, by name or id; undefined for a name that is not listed. */
  gid(name: string): number | undefined {
    const id = asId(name);
    if (id !== undefined) return id;
    this.#group ??= this.#read("/etc/group");
    return asId(this.#group.find(([group]) => group === name)?.[2]);
  }

  /** The groups that list `user` as a member. */
  groupsOf(user: string | undefined): number[] {
    if (user === undefined) return [];
    this.#group ??= this.#read("/etc/group");
    return this.#group
      .filter(([, , , members]) => members?.split(",").includes(user))
      .flatMap(([, , gid]) => asId(gid) ?? []);
  }

  #read(path: string): string[][] {
    const text = readFileInRoot(this.#rootfs, path, maximumFileBytes) ?? "";
    return text.split("\n").map((line) => line.trim().split(":"));
  }
}

function asId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maximumId ? id : undefined;
}
