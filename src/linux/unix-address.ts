/** struct sockaddr_un for sockets that Node's net does not make. */
const AF_UNIX = 1;

/** The address of a Unix socket at `path`, which may have 107 bytes: a longer one is reached by way of its folder's descriptor, in /proc. */
export function unixAddress(path: string): Buffer {
  const address = Buffer.from(`\0\0${path}\0`);
  address.writeUInt16LE(AF_UNIX);
  return address;
}
