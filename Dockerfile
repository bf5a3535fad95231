# The program as the package has it, and what it needs at run time, without the tools that build it.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node node_modules/typescript/bin/tsc -p src/tsconfig.json && npm pack --ignore-scripts

FROM node:24-bookworm-slim AS install
WORKDIR /opt/execgate
COPY --from=build /src/execgate-*.tgz /src/package-lock.json /src/.npmrc ./
RUN tar -xzf execgate-*.tgz --strip-components=1 && npm ci --omit=dev --ignore-scripts && rm execgate-*.tgz .npmrc package-lock.json
ARG REVISION=unknown
RUN echo "$REVISION" > REVISION

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/execgate
COPY --from=install /opt/execgate ./
# The user `node` of the image by its number: whoever demands that it is not root can tell.
USER 1000:1000
EXPOSE 7777
# The gateway waits for its orphans itself, so it needs no other process in front of it.
ENTRYPOINT ["node", "/opt/execgate/bin/execgate.js"]
CMD ["serve"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7777/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
