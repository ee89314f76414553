-- Removes a run that has ended, its gather included, or that nobody started. In one step, so that no half of a run is ever
-- left; Redis frees what was in it beside other work.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns -1 the run is live or is being gathered, 0 there was nothing, 1 all is gone
-- needs: words/runs words/one-run
local id = ARGV[1]
local run = run_of(id)
if run and (not has_ended(run) or is_being_gathered(run)) then
  return -1
end
return math.min(forget_run(id), 1)
