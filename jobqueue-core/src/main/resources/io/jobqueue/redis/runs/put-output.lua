-- Writes the output of a unit that does not run as a job. A started run accepts outputs only from its jobs.
-- KEYS the queue's
-- ARGV[1] run_id  [2] unit_id  [3] output  [4] how long the run's keys live on (ms)
-- returns 1, or 0 when the run was started
-- needs: words/first-write words/runs words/units
read('HLEN', OUTPUTS .. ARGV[1])
read('HLEN', FAILURES .. ARGV[1])
if run_of(ARGV[1]) then
  return 0
end
begin_writing()
call('HSET', OUTPUTS .. ARGV[1], ARGV[2], ARGV[3])
call('HDEL', FAILURES .. ARGV[1], ARGV[2])
touch(ARGV[1], ARGV[4])
return 1
