// The pause container's program, as machine code for x86-64: a static ELF file of about 300 bytes that
// occupies a few pages of memory. It waits for signals, reaps children, and leaves on SIGINT or SIGTERM.

const LOAD_ADDRESS = 0x400000;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const CODE_OFFSET = ELF_HEADER + 2 * PROGRAM_HEADER;

// Blocked signals queue even for process 1, which has no default actions: rt_sigtimedwait takes them one by one.
const CODE = Buffer.from(
  [
    "6a ff", //            push -1                     the set of all signals, on the stack
    "31 ff", //            xor edi, edi                SIG_BLOCK
    "48 89 e6", //         mov rsi, rsp
    "31 d2", //            xor edx, edx
    "6a 08 41 5a", //      push 8; pop r10             size of the set
    "6a 0e 58", //         push 14; pop rax            rt_sigprocmask
    "0f 05", //            syscall
    "48 89 e7", //   wait: mov rdi, rsp
    "31 f6", //            xor esi, esi
    "31 d2", //            xor edx, edx                no time limit
    "6a 08 41 5a", //      push 8; pop r10
    "b8 80 00 00 00", //   mov eax, 128                rt_sigtimedwait
    "0f 05", //            syscall
    "83 f8 11", //         cmp eax, SIGCHLD
    "74 13", //            je reap
    "83 f8 02", //         cmp eax, SIGINT
    "74 05", //            je exit
    "83 f8 0f", //         cmp eax, SIGTERM
    "75 df", //            jne wait
    "31 ff", //      exit: xor edi, edi
    "b8 e7 00 00 00", //   mov eax, 231                exit_group
    "0f 05", //            syscall
    "83 cf ff", //   reap: or edi, -1                  any child
    "31 f6", //            xor esi, esi
    "6a 01 5a", //         push 1; pop rdx             WNOHANG
    "45 31 d2", //         xor r10d, r10d
    "6a 3d 58", //         push 61; pop rax            wait4
    "0f 05", //            syscall
    "85 c0", //            test eax, eax
    "7f ec", //            jg reap
    "eb c0", //            jmp wait
  ]
    .join(" ")
    .replaceAll(" ", ""),
  "hex",
);

/** The program as an ELF file: a header, one readable and executable segment, a stack that is not executable. */
export function pauseProgram(): Buffer {
  const size = CODE_OFFSET + CODE.length;
  const header = Buffer.alloc(CODE_OFFSET);
  header.write("\x7fELF\x02\x01\x01", 0, "latin1");
  header.writeUInt16LE(2, 16); // e_type: executable
  header.writeUInt16LE(62, 18); // e_machine: x86-64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS + CODE_OFFSET), 24);
  header.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  header.writeUInt16LE(ELF_HEADER, 52);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(2, 56);
  segment(header, ELF_HEADER, { type: 1, flags: 5, address: LOAD_ADDRESS, size, align: 0x1000 });
  segment(header, ELF_HEADER + PROGRAM_HEADER, {
    type: 0x6474e551,
    flags: 6,
    address: 0,
    size: 0,
    align: 16,
  });
  return Buffer.concat([header, CODE]);
}

interface Segment {
  type: number;
  flags: number;
  address: number;
  size: number;
  align: number;
}

function segment(header: Buffer, at: number, { type, flags, address, size, align }: Segment): void {
  header.writeUInt32LE(type, at);
  header.writeUInt32LE(flags, at + 4);
  header.writeBigUInt64LE(BigInt(address), at + 16);
  header.writeBigUInt64LE(BigInt(address), at + 24);
  header.writeBigUInt64LE(BigInt(size), at + 32);
  header.writeBigUInt64LE(BigInt(size), at + 40);
  header.writeBigUInt64LE(BigInt(align), at + 48);
}
