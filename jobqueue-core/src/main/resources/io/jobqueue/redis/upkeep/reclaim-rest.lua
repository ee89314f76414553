-- Continues `upkeep/reclaim` when that found ids that must leave `processing`.
-- needs: doors/fail doors/record doors/join doors/pass-over doors/wait-again words/publish words/deadline words/errors words/runs words/run-ends words/totals words/unit-names
local max_crashes, keep_failed, ttl = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local keep_errors = tonumber(ARGV[8])
for _, entries in ipairs({ stale, lost, found, astray }) do
  for _, entry in ipairs(entries) do
    mark(-(entry.distance + 1))
  end
end
forget_marks()

-- The reason why a job must not return to the queue; nil when it may.
local function reason_to_fail(id, f, crashes)
  local attempts, limit = number(f[6], 1), number(f[9], 0)
  local unwanted = cancelled(id, f[10], f[15], f[16])
  if unwanted == UNWANTED then
    return unwanted
  elseif crashes > max_crashes or (limit > 0 and attempts >= limit) then
    return 'worker-died: ' .. text(crashes) .. ' of its workers fell silent, the last in attempt ' .. text(attempts)
  end
  return unwanted
    or past_deadline(retried_until(try('HGET', JOB .. id, 'deadline')), 'its worker fell silent in attempt ' .. text(attempts))
end

local returned, died, gone, ended_before = {}, {}, {}, {}
for _, entry in ipairs(stale) do
  local id, f = entry.id, entry.f
  local crashes = number(f[5], 0) + 1
  local reason = reason_to_fail(id, f, crashes)
  call('PERSIST', JOB .. id)
  call('HSET', JOB .. id, 'crashes', text(crashes), 'reclaimed_at_ms', NOW)
  keep_error(JOB .. id, text(number(f[6], 1)), '', 'worker-died: the worker fell silent for a whole lease', keep_errors)
  if reason then
    local run, unit = unit_of(f[10], f[11], f[13], f[12])
    fail(id, reason, run, unit, f[15], ttl)
    died[#died + 1] = id
  else
    -- newest first, so that the oldest is the next
    wait_again(id, now, true, 'claim_token', '', 'claimed_at_ms', '0')
    returned[#returned + 1] = id
  end
end
for i, entry in ipairs(lost) do
  local f = entry.f
  if f[14] then
    fail_lost(entry.id, f[10], f[11], f[15], ttl)
  elseif not f.err then
    if record then
      record(entry.id, 'failed', 'lost: the job is gone')
    end
    call('UNLINK', JOB .. entry.id) -- what a claim without a job left behind
  end
  forget_missing('job|' .. entry.id)
  gone[i] = entry.id
end
-- their hash was missing when a claim came to them, and is here now; nobody worked on them
for _, entry in ipairs(found) do
  forget_missing('job|' .. entry.id)
  call('PERSIST', JOB .. entry.id)
  wait_again(entry.id, now, true)
end
let_in()
local dropped = keep_dead(keep_failed)
count('reclaimed_total', #returned)
count('failed_total', #died)
count('repaired_total', #astray)
count('dropped_total', dropped)
count('lost_total', #lost)
for i, entry in ipairs(astray) do
  ended_before[i] = entry.id
  pass_over(JOB .. entry.id) -- a client of the guide popped what was cancelled
end
local runs_ended = end_runs()
return { returned, died, gone, dropped, seen_to > 0 and 1 or 0, runs_ended, ended_before, refusal_to_publish }
