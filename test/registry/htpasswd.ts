import { execFile } from "node:child_process";

/** A line of an htpasswd file with a bcrypt hash, the only kind docker-registry takes (by Debian's apache2-utils). */
export function bcryptEntry(username: string, password: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // The password goes by standard input: arguments are visible to all users.
    const child = execFile("htpasswd", ["-niB", username], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
    child.stdin!.end(password);
  });
}
