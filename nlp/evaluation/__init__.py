"""How good labels are: measures, intervals, comparisons, a report."""
