/** What the faults of CNI plugins share. */

/** `words` for the pods that faults are meant for; others pass. */
export function onlyFaulty(words: string): string {
  return `case "$CNI_ARGS" in *K8S_POD_NAME=faulty*) ${words} ;; esac`;
}
