/** Points of what the daemon writes to its database. */
import { DatabaseSync, StatementSync } from "node:sqlite";
import { Step } from "./control.ts";

/** Lets every write, and the ends of transactions, be points. */
export function watchDatabase(): void {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    const step = new Step("SQL", sql.slice(0, 60));
    step.pass("before");
    exec.call(this, sql);
    step.pass("after");
  };
  const { run } = StatementSync.prototype;
  StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
    const step = new Step("SQL", verbOf(this.sourceSQL));
    step.pass("before");
    const result = run.apply(this, values);
    step.pass("after");
    return result;
  } as typeof run;
}

/** `INSERT INTO sandboxes`, `DELETE FROM layers`. */
function verbOf(sql: string): string {
  return sql.trim().split(/\s+/).slice(0, 3).join(" ");
}
