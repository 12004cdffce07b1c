# Not built by the gate, which has no container runtime; its steps are tried by hand. See docs/deploy.md.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM node:22-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /app/dist dist
# npm start, npm run login and npm run users look here first whether anything has to be built.
COPY src/build/build.js src/build/build.js
RUN chmod +x dist/cli/main.js \
  && ln -s /app/dist/cli/main.js /usr/local/bin/textile-userauth \
  && install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 3001
# With TLS_CERT the server speaks https: then give the container a health check of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3001}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["textile-userauth", "start"]
