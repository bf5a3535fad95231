# The program and what it needs at run time, without the tools that build it.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
ARG REVISION=unknown
RUN node node_modules/typescript/bin/tsc -p src/tsconfig.json && echo "$REVISION" > REVISION && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/execgate
COPY --from=build /src/package.json /src/REVISION ./
COPY --from=build /src/bin bin
COPY --from=build /src/dist dist
COPY --from=build /src/node_modules node_modules
USER node
EXPOSE 7777
# The gateway waits for its orphans itself, so it needs no other process in front of it.
ENTRYPOINT ["node", "/opt/execgate/bin/execgate.js"]
CMD ["serve"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7777/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
