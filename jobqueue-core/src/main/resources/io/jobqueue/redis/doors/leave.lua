-- The door through which jobs leave `processing`.
--
-- LREM scans about 100 entries in a microsecond. The list is sorted by fence, except for claims of other clients. So
-- the fence of a job limits its place in a long list: at most as many of our jobs are nearer to the head as were
-- claimed after it. When a call would scan too many entries, it looks for each id near the head or by binary search,
-- overwrites the id with a mark, and removes all marks with one LREM.

local SHORT, NEAR = 200, 1000
local in_flight = read('LLEN', PROCESSING)
local scan = #ARGV / 3 * in_flight <= 200000 -- entries passed at the most: a job that leaves takes three arguments or more

local marks, deepest, shallowest = 0, 0, in_flight -- how many; distances from the head
local probed = {} -- id and fence by distance from the tail; the first steps of every search are the same
local claims_total

-- Marks a place in the list, counted from the head, or from the tail if it is negative.
local function mark(place)
  call('LSET', PROCESSING, place, '')
  local distance = place < 0 and in_flight + place or place
  marks, deepest, shallowest = marks + 1, math.max(deepest, distance), math.min(shallowest, distance)
  local seen = probed[in_flight - 1 - distance]
  if seen then
    seen[1] = ''
  end
end

-- Removes the marked places. A script that removes jobs calls it once, before it reads the list again.
local function forget_marks()
  if marks > 0 then
    call('LREM', PROCESSING, deepest <= in_flight - shallowest and marks or -marks, '')
  end
end

-- The place of an id, found by binary search over the fences; nil when a scan is faster.
local search
if not scan then
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
  search = function(sought, sought_fence)
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
          return -(at + 1)
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
end

-- Removes a job from `processing`; returns whether it was there.
local function leave(id, hash)
  if in_flight <= SHORT then
    return call('LREM', PROCESSING, -1, id) == 1
  end
  claims_total = claims_total or number(try('HGET', META, 'claims_total'), 0)
  local fence = number(call('HGET', hash, 'fence'), 0)
  local newer = claims_total - fence
  if scan then
    return call('LREM', PROCESSING, newer >= 0 and newer < in_flight / 2 and 1 or -1, id) == 1
  end
  local place = newer >= 0 and newer <= NEAR and call('LPOS', PROCESSING, id, 'MAXLEN', 2 * newer + SHORT)
    or search(id, fence)
  if place then
    mark(place)
    return true
  end
  local removed = call('LREM', PROCESSING, -1, id)
  if removed > 0 then
    in_flight, probed = in_flight - removed, {}
  end
  return removed == 1
end
