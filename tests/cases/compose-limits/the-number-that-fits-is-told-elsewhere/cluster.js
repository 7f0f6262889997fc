const cluster = require('cluster'), os = require('os')
if (cluster.isPrimary) for (const _ of os.cpus()) cluster.fork()
