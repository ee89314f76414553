-- Repairs what foreign hands did to a queue: a page of its lists, or some of its jobs' hashes, a call.
--
-- The list and the status together are right against any other list; a status that agrees with no list gives way to the
-- list. What may be on its way between two steps of a guide client is touched only when it is found unchanged one lease
-- after it was first seen: until then it is a suspect. `processing` belongs to the sweep: jobs that somebody claimed, and
-- ids that have lost their job, are only put there. What would cost Redis too much in a long list is left to claims and
-- retention, which do the same when its turn comes.
-- KEYS the queue's; then the key of the suspects
-- ARGV[1] mode: `walk` goes on with the walk over the lists, `hashes` looks at the jobs named below
--   [2] how long the queue is left alone between two pages (ms)  [3] lease (ms)  [4] completed jobs to keep
--   [5] their age (ms)  [6] dead letters to keep  [7] their age (ms); then in the mode `hashes`:
--   [8] the cursor the jobs were found with  [9] the cursor to go on with, or '' when that is not known yet; then ids
-- returns { 1 if there is more to do at once else 0, cursor for the next look for hashes or '' when it is not time yet,
--   dead letters dropped, then for each kind of repair: its name, { ids } }
--
-- Fields of `meta`: audit (place and distance from the tail of what is still to be seen of it), audit_cursor, next_audit.
local mode, pace, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local KEEP = { completed = tonumber(ARGV[4]), failed = tonumber(ARGV[6]) }
local AGE = { completed = tonumber(ARGV[5]), failed = tonumber(ARGV[7]) }
local PAGE, REPAIRS, SUSPICIONS = 100, 100, 10000
local SMALL = 2000 -- a list that is read as a whole to tell what stands in it
local FAR, BUDGET = 150000, 300000 -- entries of longer lists that one look, and that one call, may pass
local SUSPECTS = KEYS[#KEYS]
local NEXT = { pending = 'delayed', delayed = 'processing', processing = 'completed', completed = 'failed' }
local LIST = { pending = PENDING, processing = PROCESSING, completed = COMPLETED, failed = FAILED }
local HOME = { pending = 'pending', scheduled = 'delayed', processing = 'processing', completed = 'completed', failed = 'failed' }
local STATUS = { pending = 'pending', delayed = 'scheduled', processing = 'processing', completed = 'completed', failed = 'failed' }
local ENDED_AT = { completed = 'completed_at_ms', failed = 'last_error_at_ms' }

local meta = read('HMGET', META, 'next_audit', 'audit', 'audit_cursor')
local next_audit = number(meta[1], 0)
if mode == 'walk' and now < next_audit and next_audit <= now + pace then
  return { 0, '', 0 }
end
read('LLEN', WAKE)
local length = { delayed = read('ZCARD', DELAYED) }
for place, list in pairs(LIST) do
  length[place] = read('LLEN', list)
end
local suspicions = read('ZCARD', SUSPECTS)

-- ---- looking

local budget = BUDGET
local counts = {} -- by place: how often each id stands in a small list
local function count_of(place)
  if not counts[place] then
    local count = {}
    for _, id in ipairs(call('LRANGE', LIST[place], 0, -1)) do
      count[id] = (count[id] or 0) + 1
    end
    counts[place] = count
  end
  return counts[place]
end

-- Whether an id stands in a place; nil when that would cost too much to tell. A job that the head and the tail of a very
-- long list do not have is not in it: jobs that were passed over stood at the tail, those that came back at the head.
local function stands(place, id)
  if place == 'delayed' then
    return call('ZSCORE', DELAYED, id) and true
  elseif length[place] <= SMALL then
    return count_of(place)[id] ~= nil
  end
  local far = math.min(length[place], FAR)
  if budget < 2 * far then
    return nil
  end
  budget = budget - 2 * far
  return (call('LPOS', LIST[place], id, 'RANK', -1, 'MAXLEN', far) or call('LPOS', LIST[place], id, 'MAXLEN', far)) and true
end

local FIELDS = { 'status', 'claim_token', 'attempts', 'claimed_at_ms', 'reclaimed_at_ms', 'due_at_ms', 'enqueued_at_ms',
  'last_error_at_ms', 'completed_at_ms', 'max_attempts', 'fence', 'crashes', 'id', 'lease' }
local looks = {}
local function look_at(id)
  if looks[id] then
    return looks[id]
  end
  local job = { key = id }
  looks[id] = job
  local f = try('HMGET', JOB .. id, unpack(FIELDS))
  if f.err then
    job.astray = true -- a key of another type is no job
    return job
  end
  job.payload = call('HEXISTS', JOB .. id, 'payload') == 1
  job.exists = job.payload
  for i, name in ipairs(FIELDS) do
    job[name] = f[i] or nil
    job.exists = job.exists or f[i] ~= false
  end
  job.home = HOME[job.status or '']
  job.over = ENDED_AT[job.status or ''] ~= nil
  return job
end

-- In a list too long to read: whether the job is where its turn has not come yet, its claim is good, or it is younger
-- than what the history still holds. No look into the list can say more.
local tails = {}
local function tail_of(place)
  if not tails[place] then
    tails[place] = look_at(call('LINDEX', LIST[place], -1))
  end
  return tails[place]
end
local function joined_at(job)
  return math.max(number(job.enqueued_at_ms, 0), number(job.due_at_ms, 0), number(job.reclaimed_at_ms, 0),
    number(job.last_error_at_ms, 0))
end
local function seems_at_home(job)
  local place = job.home
  if place == 'delayed' or length[place] <= SMALL then
    return false
  elseif place == 'processing' then
    local promised = string.match(job.lease or '', ':(%d+):%d+$')
    return now <= math.max(number(promised, 0), number(job.claimed_at_ms, 0) + lease)
  elseif place == 'pending' then
    return joined_at(job) + lease >= joined_at(tail_of(place))
  end
  return number(job[ENDED_AT[place]], now) >= number(tail_of(place)[ENDED_AT[place]], 0)
end

-- ---- what is to be done

local repairs, planned, mends, doubts, due = {}, {}, {}, {}, {}
local done = {} -- ids by what was repaired
local function note(what, id)
  done[what] = done[what] or {}
  table.insert(done[what], id)
end
-- What `apply` does is told, unless it returns false because there was nothing to be done.
local function plan(what, job, apply)
  planned[job.key] = true
  repairs[#repairs + 1] = { what = what, id = job.key, apply = apply }
end

-- Whether a suspicion is confirmed: the same job in the same state, one lease after the first sight.
local function confirmed(what, place, job)
  local state = redis.sha1hex(table.concat({ job.status or '-', job.claim_token or '-', job.attempts or '-',
    job.claimed_at_ms or '-', job.reclaimed_at_ms or '-', job.payload and 'p' or '-' }, '|'))
  local suspicion = what .. '|' .. place .. '|' .. state .. '|' .. job.key
  if due[suspicion] then
    return true
  end
  doubts[#doubts + 1] = suspicion
  return false
end

local pushed = false -- to where workers find it
-- Returns whether it stood there: since it was suspected somebody may have taken it.
local function take_out(place, id, copies)
  if place == 'delayed' then
    return call('ZREM', DELAYED, id) > 0
  end
  return call('LREM', LIST[place], copies or 0, id) > 0
end
local function affordable(place)
  if place == 'delayed' or length[place] <= SMALL then
    return true
  elseif length[place] > budget then
    return false
  end
  budget = budget - length[place]
  return true
end
local function leave_to_sweep(id)
  call('LPUSH', PROCESSING, id)
  call('HSET', META, 'next_sweep', NOW)
end
local function stand_up(id, status)
  call('PERSIST', JOB .. id)
  call('HSET', JOB .. id, 'status', status, 'claim_token', '', 'claimed_at_ms', '0')
end

-- A time to live on what lives, and values that should be numbers: no step of any client leaves these behind, so they
-- are mended at once, but for those of a job that is claimed.
local COUNTS = { attempts = '0', crashes = '0', max_attempts = false, fence = false }
local TIMES = { claimed_at_ms = '0', due_at_ms = false, reclaimed_at_ms = false, last_error_at_ms = false }
local function mend(job)
  if not job.exists or not job.home or mends[job.key] then
    return
  end
  local set, drop = {}, {}
  local function put(name, value)
    if value then
      set[#set + 1] = name
      set[#set + 1] = value
    else
      drop[#drop + 1] = name
    end
  end
  local ttl = not job.over and call('PTTL', JOB .. job.key) or -1
  if job.status == 'pending' or job.status == 'scheduled' then
    for name, value in pairs(COUNTS) do
      if job[name] and not (string.find(job[name], '^%d+$') and number(job[name], nil)) then
        put(name, value)
      end
    end
    for name, value in pairs(TIMES) do
      if job[name] and not number(job[name], nil) then
        put(name, value)
      end
    end
    if job.enqueued_at_ms and not number(job.enqueued_at_ms, nil) then
      put('enqueued_at_ms', NOW)
    end
    if job.payload and job.id ~= job.key then
      put('id', job.key)
    end
  elseif job.over and not number(job[ENDED_AT[job.status]], nil) then
    put(ENDED_AT[job.status], NOW) -- else its age would never pass
  end
  if ttl >= 0 or #set > 0 or #drop > 0 then
    mends[job.key] = true
    repairs[#repairs + 1] = { what = ttl >= 0 and 'expiring' or 'fields', id = job.key, apply = function()
      if ttl >= 0 then
        call('PERSIST', JOB .. job.key)
      end
      if #set > 0 then
        call('HSET', JOB .. job.key, unpack(set))
      end
      if #drop > 0 then
        call('HDEL', JOB .. job.key, unpack(drop))
      end
    end }
  end
end

-- An id that stands in a place: is it its job's?
local function judge(id, place)
  local job = look_at(id)
  if not job.over or job.home == place then
    mend(job)
  end
  if place == 'processing' or planned[id] or (ENDED_AT[place] and not job.exists) then
    return
  elseif not job.payload and not job.over and not ENDED_AT[place] then
    if confirmed('lost', place, job) and affordable(place) then
      plan('lost', job, function()
        if take_out(place, id) then
          leave_to_sweep(id)
        end
      end)
    end
    return
  elseif job.home == place then
    return
  end
  local at_home = job.home and stands(job.home, id)
  if job.home and at_home == nil then
    return
  elseif at_home or (job.home == 'processing' and (job.claim_token or '') ~= '') then
    if confirmed('misplaced', place, job) and affordable(place) then
      plan('misplaced', job, function()
        local stood = take_out(place, id)
        if stood and not at_home then
          leave_to_sweep(id)
        end
        return stood
      end)
    end
  elseif job.over and not ENDED_AT[place] and call('PTTL', JOB .. id) >= 0 then
    return -- ended where it waited, by the cancel of its run or unasked by a guide client; the claim that comes to it passes it over
  elseif confirmed('status', place, job) and stands(place, id) then
    plan('status', job, function()
      if ENDED_AT[place] then
        call('HSET', JOB .. id, 'status', STATUS[place])
      else
        stand_up(id, STATUS[place])
      end
    end)
  end
end

-- An id that stands more than once in a list.
local function judge_double(id, place)
  if planned[id] then
    return
  end
  local copies
  if length[place] <= SMALL then
    copies = count_of(place)[id] or 0
  else
    local far = math.min(length[place], FAR)
    if budget < far then
      return
    end
    budget = budget - far
    copies = #call('LPOS', LIST[place], id, 'COUNT', 10, 'RANK', -1, 'MAXLEN', far)
  end
  local job = look_at(id)
  if copies > 1 and confirmed('doubled', place, job) and affordable(place) then
    plan('doubled', job, function()
      take_out(place, id, copies - 1)
    end)
  end
end

-- A job that stands nowhere: back to where its status says.
local put_back = { completed = 0, failed = 0 }
local function judge_hash(id, suspected)
  local job = look_at(id)
  if job.astray or not job.exists then
    return
  end
  if job.home and not suspected and seems_at_home(job) then
    mend(job)
    return
  end
  local at_home = job.home and stands(job.home, id)
  if at_home ~= false and job.home then
    mend(job)
    return
  end
  for place in pairs(STATUS) do
    if place ~= job.home and stands(place, id) ~= false then
      return -- the walk over that list sees to it
    end
  end
  if planned[id] then
    return
  elseif job.over then
    local history = job.home
    if call('PTTL', JOB .. id) >= 0 then
      return -- a guide client's; it goes by itself
    elseif job.payload and length[history] + put_back[history] < KEEP[history]
      and now - number(job[ENDED_AT[history]], now) <= AGE[history] then
      put_back[history] = put_back[history] + 1
      plan('trimmed', job, function()
        call('RPUSH', LIST[history], id)
      end)
    else
      plan('trimmed', job, function()
        call('UNLINK', JOB .. id)
      end)
      repairs[#repairs].dropped = history == 'failed'
    end
  elseif job.payload then
    mend(job)
    if confirmed('unlisted', '-', job) then
      plan('unlisted', job, function()
        if job.status == 'processing' then
          leave_to_sweep(id)
        elseif job.status == 'scheduled' then
          call('ZADD', DELAYED, text(number(job.due_at_ms, now)), id)
          pushed = true
        else
          stand_up(id, 'pending')
          call('RPUSH', PENDING, id)
          pushed = true
        end
      end)
    end
  elseif job.home and job.id then
    if confirmed('lost', '-', job) then
      plan('lost', job, function()
        leave_to_sweep(id)
      end)
    end
  elseif confirmed('remains', '-', job) then
    plan('remains', job, function()
      call('UNLINK', JOB .. id)
    end)
  end
end

-- ---- one page

local settled = {} -- suspicions that are confirmed now, or refuted
local gone = {} -- distances from the tail of ids in a history whose hash is gone, by place
local scores = {} -- ids whose due time makes no sense
local place, distance = string.match(meta[2] or '', '^(%a+):(%d+)$')
if mode == 'hashes' then
  for i = 10, #ARGV do
    if #repairs < REPAIRS then
      judge_hash(ARGV[i])
    end
  end
else
  local again = call('ZRANGEBYSCORE', SUSPECTS, '-inf', text(now - lease), 'LIMIT', 0, REPAIRS)
  for _, suspicion in ipairs(again) do
    due[suspicion] = true
  end
  for _, suspicion in ipairs(again) do
    if #repairs >= REPAIRS then
      break
    end
    settled[#settled + 1] = suspicion
    local what, where, id = string.match(suspicion, '^(%l+)|([%l-]+)|%x+|(.*)$')
    if what == 'doubled' then
      judge_double(id, where)
    elseif where == '-' then
      judge_hash(id, true)
    else
      judge(id, where)
    end
  end

  distance = number(distance, nil)
  if not (place and length[place] and distance) then
    place, distance = 'pending', length.pending
  end
  local room = PAGE
  while place and room > 0 and #repairs < REPAIRS do
    distance = math.min(distance, length[place])
    local last = math.max(0, distance - room)
    local ids, seen = {}, {}
    if place == 'delayed' then
      local pairs_of = distance > 0 and call('ZRANGE', DELAYED, last, distance - 1, 'WITHSCORES') or {}
      for i = #pairs_of - 1, 1, -2 do
        ids[#ids + 1] = pairs_of[i]
        local score = tonumber(pairs_of[i + 1])
        if not score or score ~= score or score >= 9007199254740992 then
          scores[#scores + 1] = pairs_of[i]
        end
      end
    elseif distance > 0 then
      ids = call('LRANGE', LIST[place], -distance, -(last + 1))
    end
    room = room - #ids
    for _, id in ipairs(ids) do
      distance = distance - 1
      if place ~= 'delayed' then
        if seen[id] or (length[place] <= SMALL and count_of(place)[id] > 1) then
          judge_double(id, place)
        end
        seen[id] = true
        if ENDED_AT[place] and not planned[id] and not look_at(id).exists then
          gone[place] = gone[place] or {}
          table.insert(gone[place], distance)
          repairs[#repairs + 1] = { what = 'history', id = id }
        end
      end
      judge(id, place)
      if #repairs >= REPAIRS then
        break
      end
    end
    if distance <= 0 then
      place = NEXT[place]
      distance = place and length[place]
    end
  end
end

-- ---- writing

begin_writing()
for history, distances in pairs(gone) do
  for _, at in ipairs(distances) do
    call('LSET', LIST[history], -(at + 1), '')
  end
  call('LREM', LIST[history], 0, '')
end
for _, id in ipairs(scores) do
  local at = number(call('HGET', JOB .. id, 'due_at_ms'), now)
  call('ZADD', DELAYED, 'XX', text(at), id)
  note('fields', id)
end
local repaired, dropped = #scores, 0
for _, repair in ipairs(repairs) do
  local applied = not repair.apply or repair.apply() ~= false
  if applied and repair.what ~= 'lost' then
    note(repair.what, repair.id)
    repaired = repaired + 1
  end
  dropped = dropped + (repair.dropped and 1 or 0)
end
if pushed then
  hint()
end
for i = 1, #settled do
  call('ZREM', SUSPECTS, settled[i])
end
if mode == 'walk' and suspicions > 0 then
  call('ZREMRANGEBYSCORE', SUSPECTS, '(' .. NOW, '+inf') -- the clock went back
end
if suspicions < SUSPICIONS then
  for _, suspicion in ipairs(doubts) do
    call('ZADD', SUSPECTS, 'NX', NOW, suspicion)
  end
  if #doubts > 0 then
    call('PEXPIRE', SUSPECTS, 24 * 3600 * 1000 + 2 * lease)
  end
end
count('repaired_total', repaired)
count('dropped_total', dropped)

local more = #repairs > 0
local cursor = meta[3] and string.find(meta[3], '^%d+$') and meta[3] or '0'
if mode == 'walk' then
  call('HSET', META, 'audit', place and place .. ':' .. text(distance) or '', 'next_audit', text(more and now or now + pace))
else
  if more then
    call('HSET', META, 'next_audit', NOW)
  end
  if cursor == ARGV[8] and ARGV[9] ~= '' then
    call('HSET', META, 'audit_cursor', ARGV[9])
  end
end
local reply = { more and 1 or 0, cursor, dropped }
for what, ids in pairs(done) do
  reply[#reply + 1] = what
  reply[#reply + 1] = ids
end
return reply
