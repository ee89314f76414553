#!/usr/bin/env bash
# What the guide's demo shows, done with curl as the guide says it. Knows nothing of this project: it runs against any
# of the guide's demo servers on an empty queue with a visibility timeout of one second.
#   guide-demo.sh http://127.0.0.1:8795
set -euo pipefail
server=$1

fail() {
    echo "$1" >&2
    exit 1
}

# shows <pattern>: whether standard input has it; reads to the end, so that curl can write to the end
shows() {
    grep -E "$1" >/dev/null
}

# number <name>: a number of the stats; the ports write JSON with and without spaces
number() {
    curl -sSf "$server/stats" | grep -oE "\"$1\": ?[0-9.]+" | grep -oE '[0-9.]+$'
}

# reaches <name> <number>: within twenty seconds
reaches() {
    local deadline=$((SECONDS + 20))
    until [ "$(number "$1")" = "$2" ]; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$1 is $(number "$1"), expected $2: $(curl -sS "$server/jobs")"
    done
}

# ids <list> of the answer on standard input
ids() {
    grep -oE "\"$1\": ?\[[^]]*\]" | grep -oE '"[0-9a-f]{16,}"' | wc -l
}

for page in / /index.html; do
    curl -sSf "$server$page" | shows '<title>Redis Job Queue Demo</title>' || fail "$page is not the demo's page"
done

# a clean queue, no workers
curl -sSf -X POST "$server/reset" | shows '"stats": ?\{' || fail 'reset does not answer with stats'
reaches pending_depth 0
reaches workers_running 0

# enqueue jobs of different kinds in batches
[ "$(curl -sSf -d kind=email -d recipient=ada@example.com -d count=5 "$server/enqueue" | ids enqueued)" -eq 5 ] ||
    fail 'five jobs were not enqueued'
curl -sSf -d kind=webhook "$server/enqueue" >/dev/null
curl -sSf -X POST "$server/enqueue" >/dev/null
reaches pending_depth 7
curl -sSf "$server/jobs" | shows '"recipient": ?"ada@example.com"' || fail 'the payload is not shown'

# a pool of workers drains them
curl -sSf -d size=2 -d work_latency_ms=20 -d fail_rate=0 -d hang_rate=0 "$server/workers/start" |
    shows '"workers_running": ?2' || fail 'two workers do not run'
reaches completed_depth 7
reaches processing_depth 0
curl -sSf "$server/jobs" | shows '"worker": ?"worker-[12]"' || fail 'the result does not name its worker'

# every attempt fails: three attempts, then the failed list
curl -sSf -d fail_rate=1 "$server/workers/configure" >/dev/null
curl -sSf -d kind=invoice -d count=2 "$server/enqueue" >/dev/null
reaches failed_depth 2
curl -sSf "$server/jobs" | shows '"last_error": ?"worker-[12] simulated failure"' || fail 'the error is not shown'

# every worker hangs: the job stays in processing, until a sweep takes it back
curl -sSf -d fail_rate=0 -d hang_rate=1 "$server/workers/configure" >/dev/null
curl -sSf -d kind=thumbnail "$server/enqueue" >/dev/null
reaches processing_depth 1
curl -sSf -X POST "$server/workers/stop" >/dev/null
reaches workers_running 0
deadline=$((SECONDS + 20))
until [ "$(curl -sSf -X POST "$server/reclaim" | ids reclaimed)" -eq 1 ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail 'the hung job was not reclaimed'
done
reaches pending_depth 1
curl -sSf -d size=1 -d work_latency_ms=20 "$server/workers/start" >/dev/null
reaches completed_depth 8

# and the end
curl -sSf -X POST "$server/reset" >/dev/null
for depth in pending_depth processing_depth completed_depth failed_depth; do
    reaches "$depth" 0
done
echo "the guide's demo works"
