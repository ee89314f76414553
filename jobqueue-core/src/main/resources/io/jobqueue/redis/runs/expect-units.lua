-- Stores how many units a run has.
-- KEYS the queue's
-- ARGV[1] run_id  [2] units  [3] how long the run's keys live on (ms)
-- returns 1, or 0 when the run was started
-- needs: words/first-write words/runs words/units
read('HLEN', RUN .. ARGV[1])
if run_of(ARGV[1]) then
  return 0
end
begin_writing()
call('HSET', RUN .. ARGV[1], 'expected', ARGV[2])
touch(ARGV[1], ARGV[3])
return 1
