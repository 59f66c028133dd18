/** A server of grpc.health.v1.Health that any image with nginx is: what it answers is a file, gRPC's status a trailer. */
import { NGINX } from "../../support/configs.ts";
import { sh } from "../node/manifest.ts";

const FILE = "/www/grpc.health.v1.Health/Check";

/** A frame of gRPC (no compression, two bytes) with a HealthCheckResponse of this `status`. */
const answer = (status: 1 | 2) => String.raw`printf '\000\000\000\000\002\010\00${status}' > ${FILE}`;

// A POST to a file is refused with 405: the file is what is said to that.
const CONFIGURATION = `daemon off;
error_log /dev/stderr;
events { worker_connections 64; }
http {
  access_log off;
  server {
    listen 8080 http2;
    root /www;
    default_type application/grpc;
    error_page 405 =200 $uri;
    add_trailer grpc-status 0 always;
  }
}
`;

/** Image and command of a container that answers SERVING on port 8080. */
export const GRPC_HEALTH = {
  image: NGINX,
  command: sh(`mkdir -p ${FILE.slice(0, FILE.lastIndexOf("/"))}; ${answer(1)}
cat > /etc/nginx/health.conf <<'END'
${CONFIGURATION}END
exec nginx -c /etc/nginx/health.conf`),
};

/** What, run in the container, has it answer NOT_SERVING. */
export const NOT_SERVING = answer(2);
