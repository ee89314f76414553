-- Carries out the repairs of the audit, each only if the job still has the state and the place in which it was judged.
-- Stores the suspicions of the audit.
-- needs: words/first-write words/look words/places words/totals doors/give-to-sweep doors/join doors/pass-over doors/wait-again
-- KEYS the queue's; then the key of the suspects
-- ARGV[1] lease (ms)  [2] completed jobs to keep  [3] dead letters to keep  [4] cursor of the next look for keys, or ''
--   [5] how many suspicions to forget  [6] how many to remember; those; then for each repair:
--   damage ('' = the sweep counts it), act, place ('-' = none), id, state, the suspicion that it confirms ('' = none),
--   how many field names and values follow; those
-- returns { a letter a repair: D done, N not needed any more, L left for another call; dead letters deleted }
local lease, KEEP = tonumber(ARGV[1]), { completed = tonumber(ARGV[2]), failed = tonumber(ARGV[3]) }
local MOST_SUSPICIONS, BUDGET = 10000, 100000
local dropped = 0
begin_writing()

-- A job that has not ended has no time to live, and its id is not left over from a cancelled job.
local function revive(id)
  call('PERSIST', JOB .. id)
  call('HDEL', JOB .. id, 'in_pending', 'delete_at_ms')
end

local ACTS = {} -- each returns whether it did anything

function ACTS.mend(id, _, f, changes)
  local kept = f[1] ~= 'completed' and f[1] ~= 'failed' and call('PERSIST', JOB .. id) == 1
  for i = 1, #changes, 2 do
    if changes[i + 1] == '' then
      call('HDEL', JOB .. id, changes[i])
    else
      call('HSET', JOB .. id, changes[i], changes[i + 1])
    end
  end
  return kept or #changes > 0
end

function ACTS.reschedule(id, _, f)
  return call('ZADD', DELAYED, 'XX', 'CH', text(number(f[6], now)), id) == 1
end

function ACTS.take_out(id, place)
  return take_out(place, id)
end

function ACTS.take_out_copies(id, place)
  local copies = count_copies(place, id)
  return copies > 1 and take_out(place, id, copies - 1)
end

function ACTS.hand_over(id, place)
  local free
  if place == '-' then
    free = stands_nowhere(id)
  else
    free = length.processing <= FAR and take_out(place, id)
  end
  -- only the sweep ends claims and counts lost jobs
  if free and count_copies('processing', id) == 0 then
    give_to_sweep(id)
  end
  return free
end

function ACTS.follow_place(id, place)
  if not stands(place, id) then
    return false
  elseif KEEP[place] then
    call('HSET', JOB .. id, 'status', place)
    call('HDEL', JOB .. id, 'in_pending', 'delete_at_ms')
  else
    revive(id)
    call('HSET', JOB .. id, 'status', place == 'delayed' and 'scheduled' or place, 'claim_token', '', 'claimed_at_ms', '0')
  end
  return true
end

function ACTS.list(id, _, f)
  if not stands_nowhere(id) then
    return false
  end
  revive(id)
  local scheduled = f[1] == 'scheduled'
  wait_again(id, scheduled and number(f[6], now) or now, not scheduled, 'claim_token', '', 'claimed_at_ms', '0')
  let_in()
  return true
end

function ACTS.put_back(id, place)
  return call('LLEN', LIST[place]) < KEEP[place] and stands_nowhere(id) and call('RPUSH', LIST[place], id) > 0
end

function ACTS.let_expire(id)
  if stands('pending', id) then
    return false
  end
  pass_over(JOB .. id)
  return true
end

function ACTS.delete(id, place)
  if not stands_nowhere(id) then
    return false
  end
  dropped = dropped + (place == 'failed' and 1 or 0)
  return call('UNLINK', JOB .. id) == 1
end

local at = 7
for _ = 1, tonumber(ARGV[5]) do
  call('ZREM', SUSPECTS, ARGV[at])
  at = at + 1
end
local room = MOST_SUSPICIONS - call('ZCARD', SUSPECTS)
for i = 1, tonumber(ARGV[6]) do
  if i <= room then
    call('ZADD', SUSPECTS, 'NX', NOW, ARGV[at])
  end
  at = at + 1
end
call('PEXPIRE', SUSPECTS, 24 * 3600 * 1000 + 2 * lease)

local letters, repaired = {}, 0
while at <= #ARGV do
  local damage, act, place, id, state, suspicion, more = unpack(ARGV, at, at + 6)
  local letter = 'N'
  if passed > BUDGET then
    letter = 'L'
  elseif suspicion == '' or call('ZREM', SUSPECTS, suspicion) == 1 then -- else another process has dealt with it
    local _, f, state_now = state_of(id)
    if state_now == state and ACTS[act](id, place, f, { unpack(ARGV, at + 7, at + 6 + more) }) then
      letter = 'D'
      repaired = repaired + (damage ~= '' and 1 or 0)
    end
  end
  letters[#letters + 1] = letter
  at = at + 7 + more
end
count('repaired_total', repaired)
count('dropped_total', dropped)
if #letters > 0 then
  call('HSET', META, 'next_audit', NOW) -- where there is damage, there is more
end
if ARGV[4] ~= '' then
  call('HSET', META, 'audit_cursor', ARGV[4])
end
return { table.concat(letters), dropped }
