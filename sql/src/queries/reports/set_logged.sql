-- reports::set_logged
update report_evidence set log_origin = $2 /* origin */, log_index = $3 /* index */
where report_id = $1 /* report */ and log_origin is null
