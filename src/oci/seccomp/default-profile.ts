/** The profile of RuntimeDefault: what ordinary programs need is allowed, the rest only with the capability it is for. */
import { constants } from "node:os";
import type { SeccompArg } from "../spec/types.ts";
import { ordinaryCalls } from "./ordinary-calls.ts";
import type { ProfileRule, SeccompProfile } from "./profile.ts";

const ALLOW = "SCMP_ACT_ALLOW";
const ERRNO = "SCMP_ACT_ERRNO";

/** The system calls that a capability opens, besides what the kernel itself asks of the caller. */
const callsByCapability: Record<string, string> = {
  CAP_BPF: "bpf",
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_PERFMON: "perf_event_open",
  CAP_SYS_ADMIN:
    "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules " +
    "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname " +
    "sethostname setns syslog umount umount2 unshare",
  CAP_SYS_BOOT: "reboot",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module finit_module init_module",
  CAP_SYS_NICE: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
  CAP_SYS_RAWIO: "ioperm iopl",
  CAP_SYS_TIME: "clock_settime clock_settime64 settimeofday stime",
  CAP_SYS_TTY_CONFIG: "vhangup",
  CAP_SYSLOG: "syslog",
};

/** System calls that only some machines have. */
const callsByMachine: [machines: string[], calls: string][] = [
  [["amd64"], "arch_prctl"],
  [["amd64", "x86"], "modify_ldt"],
  [["arm", "arm64"], "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"],
  [["ppc64le"], "swapcontext sync_file_range2"],
  [["riscv64"], "riscv_flush_icache"],
  [["s390x"], "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"],
];

/** All 32 bits of an `int`: what lies above them the kernel does not look at. */
const INT = 0xffffffff;

/** personality(2): Linux with these bits or without, and INT, which only asks: PER_LINUX32 and UNAME26. */
const PERSONALITY_BITS = 0x20008;

/**
 * Families of socket(2) as blocks `[first, size]`, the size a power of two, for each rule costs the runtime time: the
 * lowest twelve, key management, netlink, packet, PPPoE, MPLS to Bluetooth, QIPCRTR, SMC, XDP and MCTP. Not among them
 * are the hypervisor's AF_VSOCK (40), the kernel's ciphers AF_ALG (38), and what is obsolete or rare.
 */
const families: [first: number, size: number][] = [
  [0, 8],
  [8, 4],
  [14, 2],
  [16, 2],
  [24, 1],
  [28, 4],
  [42, 2],
  [44, 2],
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of clone(2). */
const NAMESPACE_FLAGS = 0x7e020000;

const masked = (mask: number, value: number, index = 0): SeccompArg => ({
  index,
  value: mask,
  valueTwo: value,
  op: "SCMP_CMP_MASKED_EQ",
});

/** What is not listed fails with EPERM; the conditions are those of every profile, see {@link SeccompProfile}. */
export const defaultProfile: SeccompProfile = {
  defaultAction: ERRNO,
  defaultErrnoRet: constants.errno.EPERM,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
    { architecture: "SCMP_ARCH_S390X", subArchitectures: ["SCMP_ARCH_S390"] },
  ],
  syscalls: [
    { names: ordinaryCalls, action: ALLOW },
    ...callsByMachine.map(([arches, calls]) => allow(calls, { includes: { arches } })),
    ...Object.entries(callsByCapability).map(([name, calls]) => allow(calls, { includes: { caps: [name] } })),
    // Older kernels let a traced program past its filter.
    allow("process_vm_readv process_vm_writev ptrace", { includes: { minKernel: "4.8" } }),
    ...families.map(([first, size]) => allow("socket", { args: [masked(INT - (size - 1), first)] })),
    allow("personality", { args: [masked(INT - PERSONALITY_BITS, 0)] }),
    allow("personality", { args: [masked(INT, INT)] }),
    // Processes and threads, but no namespaces; s390x has the flags second.
    allow("clone", {
      args: [masked(NAMESPACE_FLAGS, 0)],
      excludes: { caps: ["CAP_SYS_ADMIN"], arches: ["s390x"] },
    }),
    allow("clone", {
      args: [masked(NAMESPACE_FLAGS, 0, 1)],
      includes: { arches: ["s390x"] },
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    }),
    // Its flags lie in memory, where no filter sees them: the C library then falls back on clone.
    {
      names: ["clone3"],
      action: ERRNO,
      errnoRet: constants.errno.ENOSYS,
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
  ],
};

function allow(names: string, conditions: Partial<ProfileRule>): ProfileRule {
  return { names: names.split(" "), action: ALLOW, ...conditions };
}
