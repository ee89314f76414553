-- Removes a run that has ended, including its gather job, or a run that nobody started. It does so in one step, so that
-- no part of a run remains; Redis frees the memory in the background.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns -1 the run is live or is being gathered, 0 there was nothing, 1 removed
-- needs: words/runs words/one-run
local id = ARGV[1]
local run = run_of(id)
if run and (not has_ended(run) or is_being_gathered(run)) then
  return -1
end
return math.min(forget_run(id), 1)
