/** Words of which manifests are made. */

export interface VolumeMount {
  name: string;
  mountPath: string;
  [field: string]: unknown;
}

/** A shell with a script. */
export function sh(script: string): string[] {
  return ["sh", "-c", script];
}

/** Runs until SIGTERM, and then ends with 0 at once. */
export const FOREVER = sh('trap "exit 0" TERM; sleep 1000000 & wait');

/** As `FOREVER`, once `script` has been run. */
export function thenForever(script: string): string[] {
  return sh(`${script}\ntrap "exit 0" TERM; sleep 1000000 & wait`);
}

/** Where a volume named `name` is to be; `more` are further fields of the mount. */
export function mount(name: string, mountPath: string, more: object = {}): VolumeMount {
  return { name, mountPath, ...more };
}

export function emptyDir(name: string, fields: object = {}): object {
  return { name, emptyDir: fields };
}

export function hostPath(name: string, path: string, type = "Directory"): object {
  return { name, hostPath: { path, type } };
}
