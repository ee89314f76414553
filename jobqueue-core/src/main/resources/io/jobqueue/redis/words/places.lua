-- Finds ids in the places of a queue and removes them, for repairs. Redis scans about 100 entries of a list in a
-- microsecond, so a call counts the entries that it scans, and does not touch very long lists.
-- needs: words/look

local NEAR = 10000 -- entries that are read at each end of a list of more than twice as many
local FAR = 100000 -- entries of the longest list out of which an id is taken
local passed = 0 -- entries passed so far

-- Whether a place contains an id. The audit has already read all of a long list; changes since then are near its ends.
local function stands(place, id)
  if place == 'delayed' then
    return call('ZSCORE', DELAYED, id) and true or false
  end
  passed = passed + math.min(length[place], 2 * NEAR)
  return (call('LPOS', LIST[place], id, 'RANK', -1, 'MAXLEN', NEAR) or call('LPOS', LIST[place], id, 'MAXLEN', NEAR)) and true or false
end

local function stands_nowhere(id)
  for place in pairs(length) do
    if stands(place, id) then
      return false
    end
  end
  return true
end

-- Removes an id from a place; returns whether it was there. `most` limits how many copies are removed, the newest
-- first.
local function take_out(place, id, most)
  if place == 'delayed' then
    return call('ZREM', DELAYED, id) > 0
  elseif length[place] > FAR then
    return false -- claims and retention do it when its turn comes
  end
  passed = passed + length[place]
  return call('LREM', LIST[place], most or 0, id) > 0
end

-- How often a list contains an id, 0 when the list is too long to count.
local function count_copies(place, id)
  if length[place] > FAR then
    return 0
  end
  passed = passed + length[place]
  return #call('LPOS', LIST[place], id, 'COUNT', 0)
end
