-- Finds ids in the places of a queue and takes them out, for repairs. Redis passes about 100 entries of a list in a
-- microsecond, so the length of what is passed is counted, and very long lists are left alone.
-- needs: words/look

local NEAR = 10000 -- entries that are read at each end of a list of more than twice as many
local FAR = 100000 -- entries of the longest list out of which an id is taken
local passed = 0 -- entries passed so far

-- Whether an id stands in a place. The audit has read all of a long list before; what happened since happened at its ends.
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

-- Takes an id out of a place; returns whether it stood there. `most` says how many of its copies go, the newest first.
local function take_out(place, id, most)
  if place == 'delayed' then
    return call('ZREM', DELAYED, id) > 0
  elseif length[place] > FAR then
    return false -- claims and retention do it when its turn comes
  end
  passed = passed + length[place]
  return call('LREM', LIST[place], most or 0, id) > 0
end

-- How often an id stands in a list, 0 when the list is too long to tell.
local function count_copies(place, id)
  if length[place] > FAR then
    return 0
  end
  passed = passed + length[place]
  return #call('LPOS', LIST[place], id, 'COUNT', 0)
end
