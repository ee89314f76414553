-- Requeues dead letters that match a filter, with all their attempts. Their last error stays until the next one.
-- KEYS the queue's
-- ARGV[1] to [5] the filter, see words/dead-letters  [6] when the first job of the whole requeue is due (ms of the
--   epoch), '' for now  [7] time between two jobs (microseconds), 0 for none  [8] how many jobs earlier calls requeued;
--   then the ids, the oldest dead letter first
-- returns { how many of the ids this call has handled, at least 1; how many of them it requeued; when the first job of
--   the whole requeue is due }
-- needs: words/first-write words/dead-letters words/take-dead-letter words/runs words/units words/totals words/deadline doors/join doors/wait-again
local FIRST, GAP, DONE = tonumber(ARGV[6]) or now, tonumber(ARGV[7]), tonumber(ARGV[8])
read('LLEN', PENDING)
read('ZCARD', AGENDA)
earliest = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])

-- Whether the job may run again. A job of a cancelled run may not, nor a job that its run has replaced.
local function is_wanted(id, f)
  return call('HEXISTS', JOB .. id, 'payload') == 1 and not cancelled(id, f[5], f[7])
    and not (f[5] and f[6] and (refusal(f[5], f[6], id) or not run_of(f[5]) and is_stray(id)))
end

-- A unit of a live run counts as not ended again, so the run waits for it. A gather job is outstanding again, so its
-- run keeps the outputs that the job will read.
local function tell_run(f)
  local run = f[5] and f[6] and run_of(f[5])
  if run and not has_ended(run) then
    call('HDEL', FAILURES .. f[5], f[6])
    call('HSET', RUN .. f[5], 'touched_at_ms', NOW)
  elseif f[5] and f[6] and not run then
    try('HDEL', FAILURES .. f[5], f[6])
  end
  if f[7] then
    call('HDEL', RUN .. f[7], 'gather_error', 'expires_at_ms')
    call('HSET', RUN .. f[7], 'gather_state', 'waiting')
    for _, key in ipairs(keys_of(f[7])) do
      call('PERSIST', key)
    end
    call('ZADD', AGENDA, text(now + LOOK), f[7])
  end
end

begin_writing()
local handled, requeued = 0, 0
for i = 9, #ARGV do
  local id = ARGV[i]
  local f = matching(id)
  if f and is_wanted(id, f) then
    if not has_room() then
      break
    end
    if take_dead_letter(id) then
      local due = FIRST + math.floor((DONE + requeued) * GAP / 1000)
      call('PERSIST', JOB .. id)
      call('HDEL', JOB .. id, 'in_pending', 'delete_at_ms', 'seen', 'unknown_since', 'cancelled_at_ms')
      if call('HGET', JOB .. id, 'more') == 'cancelled' then
        call('HSET', JOB .. id, 'more', '1')
      end
      wait_again(id, due, false, 'claim_token', '', 'claimed_at_ms', '0', 'attempts', '0', 'crashes', '0',
        'due_at_ms', text(math.max(now, due)))
      local deadline = renewed_deadline(call('HGET', JOB .. id, 'deadline'), due)
      if deadline then
        call('HSET', JOB .. id, 'deadline', deadline)
      end
      tell_run(f)
      requeued = requeued + 1
    end
  end
  handled = handled + 1
end
let_in()
count('requeued_total', requeued)
return { handled, requeued, text(FIRST) }
