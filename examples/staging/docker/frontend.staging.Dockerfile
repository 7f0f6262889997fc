# Order desk, staging
FROM node:22-slim

WORKDIR /app

ENV NODE_ENV=production

# Dependencies
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --omit=dev

# Application
COPY frontend/server.js ./
COPY frontend/public/ ./public/

USER node

# No curl in the image; node can ask for itself
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD node -e "fetch('http://127.0.0.1:3000/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"

EXPOSE 3000
CMD ["node", "server.js"]
