-- Removes jobs of one status for good, at most 500 a call.
-- KEYS the queue's
-- ARGV[1] the status  [2] how long a run's keys live on (ms)
-- returns { how many ids were taken out, 0 when none is left; { run id, state, … } of the runs that ended; why Redis
--   refused a message, if it did }
-- needs: doors/discard words/publish words/run-ends words/totals
read('HLEN', META)
read('LLEN', PENDING)
local removed = discard(ARGV[1], 500, ARGV[2])
count('purged_total', removed)
local runs_ended = end_runs()
return { removed, runs_ended, refusal_to_publish }
