// 3-D Secure: the issuer's page is opened as the charge's answer asks, and the charge finalised after it.
import { useEffect, useRef } from 'react';
import { post } from './api.js';

export function useThreeDS({ merchantId }, onDone) {
  const util = useRef(null);
  const charge = useRef(null);
  const done = useRef(onDone);
  done.current = onDone;

  useEffect(() => {
    util.current = new window.Clover3DS({ merchantUuid: merchantId });
    window._3DSUtil = util.current;
    window.clover3DSUtil = util.current;
    const finish = async (event) => {
      if (!charge.current) return;
      const asked = { charge: charge.current, status: event.detail._3DSStatus };
      done.current(await post('/finalize', asked));
    };
    window.addEventListener('executePatch', finish);
    return () => window.removeEventListener('executePatch', finish);
  }, [merchantId]);

  const authenticate = ({ id, threeds: { validation_result: wanted, data } }) => {
    charge.current = id;
    if (wanted === 'THREEDS_METHOD_FLOW_REQUIRED') {
      util.current.perform3DSFingerPrinting({
        _3DSServerTransId: data.threeds_server_transaction_id,
        acsMethodUrl: data.method_url,
        methodNotificationUrl: data.method_notification_url,
      });
    } else {
      util.current.perform3DSChallenge({
        messageVersion: data.threeds_protocol_version,
        acsTransID: data.acs_transaction_id,
        acsUrl: data.acs_url,
        threeDSServerTransID: data.threeds_server_transaction_id,
      });
    }
  };

  return { browserInfo: () => util.current.getBrowserInfo(), authenticate };
}
