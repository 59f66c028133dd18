/** How critter's default profile of seccomp differs from containerd's, and why. */
import type { Explanation } from "./explanation.ts";
import { UNPRIVILEGED } from "./requests.ts";

const call = (names: string) => `linux.seccomp.syscalls[{${names}}]`;

/** Of the filter that RuntimeDefault asks for. */
export const seccompExplanations: readonly Explanation[] = [
  {
    kinds: UNPRIVILEGED,
    path: "linux.seccomp.defaultErrnoRet",
    critter: "1",
    reason: "EPERM, which runtimes take by default: said, it does not depend on them.",
  },
  {
    kinds: UNPRIVILEGED,
    path: "linux.seccomp.architectures[SCMP_ARCH_X32]",
    containerd: "listed",
    reason: "The kernel has no such system calls; a filter for them would only take time to make.",
    where: "where the kernel lacks the x32 ABI",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("chroot"),
    containerd: "ALLOW",
    reason: "Goes with CAP_SYS_CHROOT in both, which critter does not give unless it is asked for.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("io_uring_enter,io_uring_register,io_uring_setup"),
    containerd: "ALLOW",
    reason: "Many ways out of containers went through io_uring; containerd 2 has taken it out as well.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("socket"),
    containerd: "ALLOW",
    critter: "ALLOW if arg0 & 0xfffffff8 == 0x0; …",
    reason:
      "Not all families: no AF_VSOCK, which reaches the hypervisor, no AF_ALG, none that is obsolete. " +
      "containerd 2 leaves out AF_VSOCK.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("personality"),
    containerd:
      "ALLOW if arg0 EQ 0x0; ALLOW if arg0 EQ 0x20000; ALLOW if arg0 EQ 0x20008; ALLOW if arg0 EQ 0x8; ALLOW if arg0 EQ 0xffffffff",
    critter: "ALLOW if arg0 & 0xfffdfff7 == 0x0; ALLOW if arg0 & 0xffffffff == 0xffffffff",
    reason: "The same five values: two rules take the runtime less time than five.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call(
      "cachestat,fchmodat2,futex_requeue,futex_wait,futex_wake,getxattrat,listmount,listxattrat,map_shadow_stack,mseal," +
        "removexattrat,riscv_hwprobe,setxattrat,statmount,uretprobe",
    ),
    critter: "ALLOW",
    reason:
      "Calls of Linux 6.4 to 6.13, which containerd 1.6 does not know. They reach no more than their forerunners, and C libraries " +
      "use them: EPERM in place of ENOSYS keeps programs from falling back.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("name_to_handle_at"),
    critter: "ALLOW",
    reason:
      "Programs compare handles to tell mounts and files apart; to open one takes open_by_handle_at, for which both want " +
      "CAP_DAC_READ_SEARCH.",
  },
  {
    kinds: UNPRIVILEGED,
    path: call("process_vm_readv,process_vm_writev"),
    critter: "ALLOW",
    reason: "The kernel asks the same of them as of ptrace, which both allow: a debugger needs all three.",
  },
];
