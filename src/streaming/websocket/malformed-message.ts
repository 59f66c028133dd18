/** What a client must not send: it ends its connection, and nothing else. */

/** Close codes of RFC 6455, section 7.4.1, as they are used here. */
export const closeCode = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  invalidData: 1007,
  policyViolation: 1008,
  internalError: 1011,
} as const;

/** A message that the subprotocol has no meaning for; `closeCode` is what the connection is closed with. */
export class MalformedMessage extends Error {
  readonly closeCode: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "MalformedMessage";
    this.closeCode = code;
  }
}
