-- Ends units whose jobs other clients ended, according to the channel `events`.
-- KEYS the queue's
-- ARGV[1] largest output (bytes)  [2...] ids of jobs
-- returns { { run id, state, … } of the runs that ended; ids that are left for another call, because this one read
--   enough; why Redis refused a message, if it did }
-- needs: words/first-write words/publish words/runs words/run-ends words/foreign-ends
local largest = tonumber(ARGV[1])
read('LLEN', PENDING)
begin_writing()
local left = {}
for i = 2, #ARGV do
  local job = ARGV[i]
  local f = try('HMGET', JOB .. job, 'run_id', 'unit_id', 'gathers')
  local id = not f.err and (f[1] or f[3])
  local run = id and run_of(id)
  if run and not run.spoilt then
    if f[2] and try('HGET', UNITS .. id, f[2]) == job then
      left[#left + 1] = not catch_up(id, f[2], job, largest) and job or nil
    elseif f[3] and run.gather == job and is_being_gathered(run) then
      left[#left + 1] = not catch_up_gather(run, largest) and job or nil
    end
  end
end
local runs_ended = end_runs()
return { runs_ended, left, refusal_to_publish }
