/** WWW-Authenticate of a 401 (RFC 9110, section 11.6.1). */

export interface Challenge {
  /** In lower case: `basic`, `bearer`, … */
  scheme: string;
  parameters: Record<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const scheme = new RegExp(`^[\\s,]*(${token})(?=\\s|,|$)(?!\\s*=)`);

/** The challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  for (let match = scheme.exec(rest); match; match = scheme.exec(rest)) {
    const challenge: Challenge = { scheme: match[1]!.toLowerCase(), parameters: {} };
    rest = rest.slice(match[0].length);
    for (let found = parameter.exec(rest); found; found = parameter.exec(rest)) {
      challenge.parameters[found[1]!.toLowerCase()] = found[2]?.replace(/\\(.)/g, "$1") ?? found[3]!;
      rest = rest.slice(found[0].length).replace(/^\s*,/, "");
    }
    challenges.push(challenge);
  }
  return challenges;
}
