-- Ends attempts, each only if its token still owns the job. Jobs that completed and belong to no run are dealt with here,
-- and most calls hold nothing else; the others in `settle`, which goes on from here.
-- KEYS the queue's
-- ARGV[1] completed jobs to keep  [2] dead letters to keep  [3] how long a run's keys live on (ms)
--   [4] how many attempts completed and belong to no run, which come first: id, token, result of each
--   then for each other: id, token, verb (DELIVER | RETRY | FAIL | RELEASE), text (result or error), output ('' = the same),
--   delay (ms), max_attempts, run_id, unit_id. DELIVER completes a unit or a gather.
-- returns { one digit an attempt: 0 refused, 1 done, 2 had been done, 3 is a final failure instead; dead letters dropped;
--   { run id, state, … } of the runs that ended }
-- needs: words/history
-- goes on in: road/settle
local REFUSED, DONE, ALREADY, ENDED = '0', '1', '2', '3'
local in_flight = read('LLEN', PROCESSING)
read('LLEN', COMPLETED)
local completed_total = number(read('HGET', META, 'completed_total'), 0)

-- Only one look: as long as the token is on the job, it is being processed, or it has completed and stands in no list.
local answers, hashes = {}, {}
local others_at = 5 + 3 * ARGV[4]
for i = 5, others_at - 3, 3 do
  local hash, token = JOB .. ARGV[i], ARGV[i + 1]
  local owner = try('HGET', hash, 'claim_token')
  hashes[#hashes + 1] = token ~= '' and owner == token and hash
end
local earliest
if others_at <= #ARGV then
  read('LLEN', PENDING)
  read('LLEN', WAKE)
  read('LLEN', FAILED)
  earliest = read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]
end

-- Taking an id out: LREM passes about 100 entries a microsecond. In a longer list the fence tells where to begin, by which
-- the list is sorted but for foreign claims: no more of ours than have been claimed since stand between the id and the head.
-- Above a budget the place is looked for near the head, or searched; it is marked, and all marks go in one LREM.
local SHORT, NEAR = 200, 1000
local scan = #ARGV / 3 * in_flight <= 200000
local claims_total = in_flight > SHORT and number(call('HGET', META, 'claims_total'), 0)
local marks, deep_marks = 0, 0
local probed = {} -- id and fence by distance from the tail; the first steps of every search are the same
local function probe(at)
  local seen = probed[at]
  if not seen then
    local id = call('LINDEX', PROCESSING, -(at + 1))
    local f = id and id ~= '' and try('HGET', JOB .. id, 'fence')
    seen = { id, type(f) == 'string' and tonumber(f) or nil }
    probed[at] = seen
  end
  return seen[1], seen[2]
end
local function place_of(sought, sought_fence)
  local low, high = 0, in_flight - 1 -- distances from the tail; the fence grows with the distance
  local steps = 0
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local at, id, fence = middle, nil, nil
    repeat
      steps = steps + 1
      if steps > 100 then
        return nil -- among so many foreign claims a scan is quicker
      end
      id, fence = probe(at)
      if id == sought then
        return at
      end
      at = at - 1
    until fence or at < low
    if not fence or fence < sought_fence then
      low = middle + 1
    else
      high = at
    end
  end
end
local function take_out(id, hash)
  if in_flight <= SHORT then
    return call('LREM', PROCESSING, -1, id) == 1
  end
  local fence = number(call('HGET', hash, 'fence'), 0)
  local newer = claims_total - fence
  if scan then
    return call('LREM', PROCESSING, newer >= 0 and newer < in_flight / 2 and 1 or -1, id) == 1
  end
  local place = newer >= 0 and newer <= NEAR and call('LPOS', PROCESSING, id, 'MAXLEN', 2 * newer + SHORT)
  if not place then
    local at = place_of(id, fence)
    place = at and -(at + 1)
    deep_marks = deep_marks + (at and 1 or 0)
  end
  if place then
    call('LSET', PROCESSING, place, '')
    probed[place < 0 and -place - 1 or in_flight - 1 - place] = { '', fence }
    marks = marks + 1
    return true
  end
  local removed = call('LREM', PROCESSING, -1, id)
  in_flight = in_flight - removed
  if removed > 0 then
    probed = {}
  end
  return removed == 1
end
local function forget_marks()
  if marks > 0 then
    call('LREM', PROCESSING, deep_marks > 0 and -marks or marks, '')
  end
end

-- Completes a job, but for its place in the history.
local completed = {}
local function complete(id, hash, result)
  call('HSET', hash, 'status', 'completed', 'completed_at_ms', NOW, 'result', result)
  completed[#completed + 1] = id
  publish(id, 'completed')
end
local function keep_history()
  if #completed > 0 then
    trim(COMPLETED, 'completed', call('LPUSH', COMPLETED, unpack(completed)), tonumber(ARGV[1]))
    call('HSET', META, 'completed_total', text(completed_total + #completed))
  end
end

if not scan then
  begin_writing() -- a mark needs memory, a LREM does not
end
for at, hash in ipairs(hashes) do
  local i = 2 + 3 * at
  local id, answer = ARGV[i], REFUSED
  if hash and take_out(id, hash) then
    complete(id, hash, ARGV[i + 2])
    answer = DONE
  elseif hash and call('HGET', hash, 'status') == 'completed' then
    answer = ALREADY
  end
  answers[at] = answer
end
if others_at > #ARGV then
  forget_marks()
  keep_history()
  return { table.concat(answers), 0, {} }
end
