/** The machines of seccomp: the names they have in Node, in profiles and in the OCI specification. */
import type { SeccompArch } from "../spec/types.ts";

export interface Machine {
  /** As the conditions of a profile name it, which is Go's name: `amd64`. */
  name: string;
  architecture: SeccompArch;
}

const machines: Partial<Record<NodeJS.Architecture, Machine>> = {
  arm: { name: "arm", architecture: "SCMP_ARCH_ARM" },
  arm64: { name: "arm64", architecture: "SCMP_ARCH_AARCH64" },
  ia32: { name: "x86", architecture: "SCMP_ARCH_X86" },
  loong64: { name: "loong64", architecture: "SCMP_ARCH_LOONGARCH64" },
  ppc64: { name: "ppc64le", architecture: "SCMP_ARCH_PPC64LE" },
  riscv64: { name: "riscv64", architecture: "SCMP_ARCH_RISCV64" },
  s390x: { name: "s390x", architecture: "SCMP_ARCH_S390X" },
  x64: { name: "amd64", architecture: "SCMP_ARCH_X86_64" },
};

/** The machine with Node's name `arch` for its processor; undefined for one of which seccomp profiles know nothing. */
export function machineOf(arch: NodeJS.Architecture): Machine | undefined {
  return machines[arch];
}
